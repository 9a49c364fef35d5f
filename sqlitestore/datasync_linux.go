package sqlitestore

import (
	"errors"
	"os"
	"syscall"
)

// dataFile is a file whose Sync writes the content and the length to disk, but not the modification
// time, for which the file system would write its own journal each time.
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
