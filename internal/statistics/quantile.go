package statistics

import (
	"cmp"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/metrics"
)

// quantile returns the value, in seconds, that a share of a histogram's samples does not exceed; nil without samples.
// Within a bin it takes the samples to be spread evenly, as Prometheus does. What is longer than the last bound counts
// as that bound.
func quantile(bins []lockstep.StatisticsCell, share float64) *float64 {
	slices.SortFunc(bins, func(a, b lockstep.StatisticsCell) int { return cmp.Compare(a.Bin, b.Bin) })
	total := int64(0)
	for _, b := range bins {
		total += b.Count
	}
	if total == 0 {
		return nil
	}
	rank, below := share*float64(total), int64(0)
	for _, b := range bins {
		if float64(below+b.Count) < rank {
			below += b.Count
			continue
		}
		low := lower(b.Bin)
		if b.Bin == beyond {
			return &low
		}
		value := low + (float64(b.Bin)/1000-low)*(rank-float64(below))/float64(b.Count)
		return &value
	}
	return nil
}

// lower returns the bound below a bin, in seconds.
func lower(of int64) (bound float64) {
	for _, b := range metrics.LagBuckets() {
		if bin(b) >= of {
			break
		}
		bound = b
	}
	return bound
}
