//go:build !race

package simtest

// defaultSeeds is how many worlds a test run simulates.
const defaultSeeds = 150
