package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// SQL is a [Database] over database/sql, for a driver without round trips. It prepares a
// statement after its first use, and before another transaction begins: a transaction may
// hold the only connection.
type SQL struct {
	db       *sql.DB
	readOnly bool

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // nil: wanted, or being prepared
	wanted   []string
}

// NewSQL returns a database that only reads, or whose transactions write.
func NewSQL(db *sql.DB, readOnly bool) *SQL {
	return &SQL{db: db, readOnly: readOnly, prepared: map[string]*sql.Stmt{}}
}

// Begin implements [Database].
func (d *SQL) Begin(ctx context.Context) (Transaction, error) {
	d.prepare(ctx)
	tx, err := d.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: d.readOnly})
	if err != nil {
		return nil, err
	}
	return &sqlTransaction{database: d, tx: tx}, nil
}

// Close closes the statements and the handle.
func (d *SQL) Close() error {
	var errs []error
	for _, stmt := range d.prepared {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(append(errs, d.db.Close())...)
}

// lookup returns the prepared statement, or nil and notes that it is wanted.
func (d *SQL) lookup(text string) *sql.Stmt {
	d.mu.Lock()
	defer d.mu.Unlock()
	stmt, known := d.prepared[text]
	if !known {
		d.prepared[text] = nil
		d.wanted = append(d.wanted, text)
	}
	return stmt
}

// prepare prepares what is wanted. It ignores errors: the statement's next use meets them again.
func (d *SQL) prepare(ctx context.Context) {
	d.mu.Lock()
	wanted := d.wanted
	d.wanted = nil
	d.mu.Unlock()
	for _, text := range wanted {
		stmt, err := d.db.PrepareContext(ctx, text) //nolint:sqlclosecheck // Close does
		d.mu.Lock()
		if err == nil {
			d.prepared[text] = stmt
		} else {
			delete(d.prepared, text)
		}
		d.mu.Unlock()
	}
}

type sqlTransaction struct {
	database *SQL
	tx       *sql.Tx
}

// Send implements [Transaction].
func (t *sqlTransaction) Send(ctx context.Context, queries []*Query, commit bool) error {
	within := ctx
	if !t.database.readOnly {
		// The driver would start a goroutine for each statement only to watch ctx, and
		// statements that write are short. database/sql watches it for the transaction.
		within = context.WithoutCancel(ctx)
	}
	for _, q := range queries {
		if err := t.run(within, q); err != nil {
			if ended := ctx.Err(); ended != nil && errors.Is(err, sql.ErrTxDone) {
				err = ended
			}
			return fmt.Errorf("%s: %w", Brief(q.SQL), err)
		}
	}
	if commit {
		return t.tx.Commit()
	}
	return nil
}

func (t *sqlTransaction) run(ctx context.Context, q *Query) error {
	if q.Row != nil {
		return t.read(ctx, q)
	}
	var result sql.Result
	var err error
	if stmt := t.database.lookup(q.SQL); stmt != nil {
		result, err = t.tx.StmtContext(ctx, stmt).ExecContext(ctx, q.Args...) //nolint:sqlclosecheck // closed with t.tx
	} else {
		result, err = t.tx.ExecContext(ctx, q.SQL, q.Args...)
	}
	if err != nil {
		return err
	}
	q.Changed, err = result.RowsAffected()
	return err
}

func (t *sqlTransaction) read(ctx context.Context, q *Query) (err error) {
	var rows *sql.Rows
	if stmt := t.database.lookup(q.SQL); stmt != nil {
		rows, err = t.tx.StmtContext(ctx, stmt).QueryContext(ctx, q.Args...) //nolint:sqlclosecheck // closed with t.tx
	} else {
		rows, err = t.tx.QueryContext(ctx, q.SQL, q.Args...)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := q.Row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// End implements [Transaction].
func (t *sqlTransaction) End() { _ = t.tx.Rollback() } // after Commit it does nothing

// Brief is the first line of a statement, for an error.
func Brief(statement string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(statement), "\n")
	return line[:min(len(line), 60)]
}
