// Package rundata encodes the parts of a run's record that the databases store as texts.
package rundata

import (
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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

// shared is how long runs in a row that find the same share a record.
const shared = 30 * 24 * time.Hour

// Digest identifies what a run found and how it ended: runs of a key with equal digests share a record if they
// changed nothing. It changes every 30 days, for each key at another time, so that a record stands for runs of at
// most 30 days.
func Digest(key lockstep.Key, outcome lockstep.Outcome, began time.Time, facts string) int64 {
	name, digest := fnv.New64a(), fnv.New64a()
	write(name, key.String())
	offset := time.Duration(name.Sum64() % uint64(shared))
	period := began.Add(offset).UnixMilli() / shared.Milliseconds()
	write(digest, strconv.FormatInt(period, 10), string(outcome.Disposition), outcome.Reason, facts)
	return int64(digest.Sum64()) //nolint:gosec // any 64 bits serve
}

// write adds texts to a hash, which accepts everything.
func write(to hash.Hash64, texts ...string) {
	for _, t := range texts {
		_, _ = to.Write([]byte(t))
		_, _ = to.Write([]byte{0})
	}
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
