// Package rundata encodes the parts of a run's record that the databases store as texts.
package rundata

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// Encode returns the calls and the facts of a run.
func Encode(run lockstep.RunReport) (calls, facts string, err error) {
	text, err := json.Marshal(run.RunFacts)
	if err != nil {
		return "", "", fmt.Errorf("encode what a run did: %w", err)
	}
	var words []string
	for _, provider := range slices.Sorted(maps.Keys(run.Calls)) {
		words = append(words, provider, strconv.Itoa(run.Calls[provider]))
	}
	return strings.Join(words, " "), string(text), nil
}

// Decode sets the calls and the facts that Encode returned, and the events, which are written as source/id with
// spaces in between.
func Decode(run *lockstep.Run, events, calls, facts string) error {
	for name := range strings.FieldsSeq(events) {
		source, id, _ := strings.Cut(name, "/")
		run.Events = append(run.Events, lockstep.EventName{Source: lockstep.Source(source), ID: id})
	}
	run.Calls = map[string]int{}
	for pair := range slices.Chunk(strings.Fields(calls), 2) {
		number, err := strconv.Atoi(pair[len(pair)-1])
		if err != nil {
			return fmt.Errorf("decode the calls of a run: %w", err)
		}
		run.Calls[pair[0]] = number
	}
	if err := json.Unmarshal([]byte(facts), &run.RunFacts); err != nil {
		return fmt.Errorf("decode what a run did: %w", err)
	}
	return nil
}
