//go:build !linux

package sqlitestore

import "os"

// dataFile is a file whose Sync writes everything to disk.
type dataFile struct{ *os.File }
