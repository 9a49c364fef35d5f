//go:build !linux

package sqlitestore

import "os"

// dataFile is a file; here a sync brings all of it to the disk.
type dataFile struct{ *os.File }
