//go:build linux || darwin || freebsd

package sqlitestore

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks a file for this process, or fails at once. SQLite's own locks are of another kind.
func lockFile(file *os.File) error {
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
