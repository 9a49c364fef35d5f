package sqlitestore

import (
	"errors"
	"os"
	"syscall"
)

// dataFile is a file of which a sync brings the content to the disk and what is needed to
// find it, its length for one, but not when it was written, which would have the file system
// write its own journal each time.
type dataFile struct{ *os.File }

func (f dataFile) Sync() error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var synced error
	err = conn.Control(func(fd uintptr) {
		for {
			// nolint:gosec // a descriptor is a small number
			if synced = syscall.Fdatasync(int(fd)); !errors.Is(synced, syscall.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, synced)
}
