//go:build !race

package simtest

// defaultSeeds is how many worlds `make test` simulates. `make conformance` simulates 90 more.
const defaultSeeds = 60
