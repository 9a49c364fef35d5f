package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// checkpoints copy pages from the log into the database, beside the writer instead of within its
// commits, which would have to wait for them.
type checkpoints struct {
	db *sql.DB

	running sync.WaitGroup
	mu      sync.Mutex
	busy    bool
	err     error // of the last checkpoint, until failure returns it
}

// begin starts a checkpoint unless one is running.
func (c *checkpoints) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy {
		return
	}
	c.busy = true
	c.running.Go(func() {
		err := c.once()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.busy = false
		c.err = err
	})
}

// once copies what no reader needs in the log any more. It does not wait for readers; the next
// checkpoint copies the rest.
func (c *checkpoints) once() error {
	_, err := c.db.ExecContext(context.Background(), "pragma wal_checkpoint(passive)") // Close waits for it
	if err != nil && !busy(err) {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// failure returns the error of the last checkpoint, once.
func (c *checkpoints) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.err
	c.err = nil
	return err
}

// Close waits for the running checkpoint.
func (c *checkpoints) Close() error {
	c.running.Wait()
	return c.db.Close()
}
