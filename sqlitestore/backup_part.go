package sqlitestore

import (
	"errors"
	"fmt"
	"os"
)

// part is the file that a backup is written to. It is locked, so that two backups do not share it; the system
// releases the lock when the process dies.
type part struct {
	path string
	file *os.File
}

// openPart creates the file, or empties what a process left that died.
func openPart(path string) (*part, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	p := &part{path, file}
	if err := p.claim(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return p, nil
}

func (p *part) claim() error {
	if err := lockFile(p.file); err != nil {
		return fmt.Errorf("another backup is writing %s; wait until it has finished: %w", p.path, err)
	}
	// The other backup may have renamed the file between our open and our lock: then it is a finished backup.
	now, err := os.Stat(p.path)
	if err != nil {
		return fmt.Errorf("another backup has just finished; run this again if you need one more: %w", err)
	}
	if ours, err := p.file.Stat(); err != nil || !os.SameFile(now, ours) {
		return errors.Join(fmt.Errorf("another backup is writing %s; wait until it has finished", p.path), err)
	}
	return errors.Join(p.file.Chmod(0o600), p.file.Truncate(0))
}

// sync writes the file to disk and returns its size.
func (p *part) sync() (int64, error) {
	if err := p.file.Sync(); err != nil {
		return 0, fmt.Errorf("sync the backup: %w", err)
	}
	info, err := p.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// close releases the file, and removes it unless it was renamed.
func (p *part) close(renamed bool) error {
	var err error
	if !renamed {
		err = os.Remove(p.path)
	}
	return errors.Join(err, p.file.Close())
}
