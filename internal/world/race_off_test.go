//go:build !race

package world

// defaultSeeds is how many worlds a test run lives through.
const defaultSeeds = 150
