package pricebook

import (
	"context"
	"fmt"
	"time"
)

// refresh clears the memory if a price or product has changed. It asks at most once every pollEvery.
// It returns the number of the memory that the caller reads for: if the memory is cleared meanwhile,
// what the caller read may be older than the change.
func (b *Book) refresh(ctx context.Context) (epoch int, err error) {
	if b.Changes == nil {
		return 0, nil
	}
	b.mu.Lock()
	epoch = b.epoch
	due := b.polled.IsZero() || time.Since(b.polled) >= pollEvery
	b.mu.Unlock()
	if !due {
		return epoch, nil
	}
	began := time.Now()
	changes, err := b.Changes(ctx)
	if err != nil {
		return 0, fmt.Errorf("look for changed prices: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if changes != b.changes {
		b.names, b.products, b.siblings = nil, nil, nil
		b.changes, b.epoch = changes, b.epoch+1
	}
	b.polled = began
	return b.epoch, nil
}

func recall[T any](b *Book, from *map[string]remembered[T], id string) (value T, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, known := (*from)[id]
	if !known || time.Since(r.at) >= freshness {
		return value, false
	}
	return r.value, true
}

// remember keeps a value that was read for the memory of an epoch.
func remember[T any](b *Book, epoch int, in *map[string]remembered[T], id string, value T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch != b.epoch {
		return
	}
	if *in == nil || len(*in) >= capacity {
		*in = map[string]remembered[T]{}
	}
	(*in)[id] = remembered[T]{value, time.Now()}
}
