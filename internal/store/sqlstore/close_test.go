package sqlstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// unconnected is a database without connections.
type unconnected struct{}

func (unconnected) Begin(context.Context) (sqlrun.Transaction, error) {
	return nil, errors.New("unconnected")
}
func (unconnected) Close() error { return nil }

func TestCloseWaitsForRunningTransactions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := New(unconnected{}, unconnected{}, Dialect{})
		if err := store.enter(); err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 1)
		go func() { closed <- store.Close() }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Errorf("it closed (%v) while a transaction was running", err)
		default:
		}
		if err := store.enter(); !errors.Is(err, errClosed) {
			t.Errorf("a closing store started a transaction: %v", err)
		}
		store.leave()
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}
