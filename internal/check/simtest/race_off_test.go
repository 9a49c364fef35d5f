//go:build !race

package simtest

// defaultSeeds is how many worlds a test run lives through.
const defaultSeeds = 150
