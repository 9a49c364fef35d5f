//go:build race

package simtest

// defaultSeeds is fewer with the race detector, under which a world takes ten times
// as long; `make test` runs both.
const defaultSeeds = 4
