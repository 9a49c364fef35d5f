//go:build !linux && !darwin && !freebsd

package sqlitestore

// diskFree returns a negative number: we do not ask this system.
func diskFree(string) int64 { return -1 }
