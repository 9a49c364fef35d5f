package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"
)

// unconnected is a database that nothing has to be asked of.
type unconnected struct{}

func (unconnected) Connect(context.Context) (driver.Conn, error) {
	return nil, errors.New("unconnected")
}
func (unconnected) Driver() driver.Driver { return nil }

func TestCloseWaitsForWhatHasBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := sql.OpenDB(unconnected{})
		store := New(db, db, Dialect{})
		if err := store.enter(); err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 1)
		go func() { closed <- store.Close() }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Errorf("it closed (%v) while a transaction was under way", err)
		default:
		}
		if err := store.enter(); !errors.Is(err, errClosed) {
			t.Errorf("a closing store began a transaction: %v", err)
		}
		store.leave()
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}
