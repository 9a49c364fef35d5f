package statistics

import (
	"fmt"
	"math"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
)

// cell names a number that only grows.
type cell struct {
	metric string
	bin    int64
}

// beyond is the bin of what is longer than every bound of a histogram.
const beyond = math.MaxInt64

// totals reads what collectors have counted since the process started.
func totals(from prometheus.Gatherer) (map[cell]int64, error) {
	gathered, err := from.Gather()
	if err != nil {
		return nil, fmt.Errorf("read the metrics of this process: %w", err)
	}
	counted := map[cell]int64{}
	for _, family := range gathered {
		nameOf, known := families[family.GetName()]
		if !known {
			continue
		}
		for _, m := range family.GetMetric() {
			name := nameOf(func(label string) string {
				for _, pair := range m.GetLabel() {
					if pair.GetName() == label {
						return pair.GetValue()
					}
				}
				return ""
			})
			if !isTracked(name) {
				continue
			}
			if h := m.GetHistogram(); h != nil {
				below := uint64(0)
				for _, b := range h.GetBucket() {
					in := b.GetCumulativeCount() - below
					counted[cell{name, bin(b.GetUpperBound())}] += int64(in) //nolint:gosec // counts of one process
					below = b.GetCumulativeCount()
				}
				counted[cell{name, beyond}] += int64(h.GetSampleCount() - below) //nolint:gosec // as above
				continue
			}
			counted[cell{name, 0}] += int64(m.GetCounter().GetValue())
		}
	}
	return counted, nil
}

// bin returns the bin of an upper bound in seconds.
func bin(bound float64) int64 {
	if math.IsInf(bound, 1) {
		return beyond
	}
	return int64(math.Round(bound * 1000))
}

// grown returns how much the totals have grown. What has not is left out.
func grown(before, now map[cell]int64) (cells []lockstep.StatisticsCell) {
	for c, n := range now {
		if more := n - before[c]; more > 0 {
			cells = append(cells, lockstep.StatisticsCell{Metric: c.metric, Bin: c.bin, Count: more})
		}
	}
	return cells
}
