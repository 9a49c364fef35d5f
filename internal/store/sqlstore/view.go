package sqlstore

import (
	"context"

	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// View is a transaction of the packages beside this one.
type View struct{ t *tx }

// View runs do in a transaction that sees one state of the database. It may run do again while another process
// holds the database.
func (s *Store) View(ctx context.Context, do func(View) error) error {
	return s.read(ctx, func(t *tx) error { return do(View{t}) })
}

// Update is View for a transaction that writes. The time is known from the start.
func (s *Store) Update(ctx context.Context, do func(View) error) error {
	return s.write(ctx, func(t *tx) error { return do(View{t}) })
}

// Send sends queries together and reads their rows.
func (v View) Send(ctx context.Context, queries ...*sqlrun.Query) error {
	v.t.queued = append(v.t.queued, queries...)
	return v.t.flush(ctx)
}

// Now returns the time of the database in milliseconds. It is known within the rows of the first query.
func (v View) Now() int64 { return v.t.now() }
