//go:build race

package simtest

// defaultSeeds is lower with the race detector, which makes a world ten times slower. `make test` runs both.
const defaultSeeds = 4
