//go:build linux || darwin || freebsd

package sqlitestore

import "golang.org/x/sys/unix"

// diskFree returns how many bytes a program without privileges may still write to the disk of a folder;
// negative if the system does not say.
func diskFree(folder string) int64 {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return -1
	}
	return int64(disk.Bavail) * int64(disk.Bsize) //nolint:gosec,unconvert // the types differ by system
}
