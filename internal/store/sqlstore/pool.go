package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// pool is a database handle with its prepared statements. A statement is first
// used as text, and prepared before the next transaction begins: not within one,
// since preparing takes a connection and the transaction may hold the only one.
type pool struct {
	db      *sql.DB
	dialect Dialect
	writing bool // transactions through it write

	mu       sync.Mutex
	prepared map[Statement]*sql.Stmt // nil: wanted, or being prepared
	wanted   []Statement
}

func newPool(db *sql.DB, dialect Dialect, writing bool) *pool {
	return &pool{db: db, dialect: dialect, writing: writing, prepared: map[Statement]*sql.Stmt{}}
}

// lookup returns the prepared statement, or nil and notes that it is wanted.
func (p *pool) lookup(s Statement) *sql.Stmt {
	if p.dialect.Unprepared {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	stmt, known := p.prepared[s]
	if !known {
		p.prepared[s] = nil
		p.wanted = append(p.wanted, s)
	}
	return stmt
}

// prepare prepares what is wanted. Its errors are left to the statement's next
// use, which meets them again.
func (p *pool) prepare(ctx context.Context) {
	p.mu.Lock()
	wanted := p.wanted
	p.wanted = nil
	p.mu.Unlock()
	for _, s := range wanted {
		stmt, err := p.db.PrepareContext(ctx, p.dialect.text(s, p.writing)) //nolint:sqlclosecheck // closed with the pool
		p.mu.Lock()
		if err == nil {
			p.prepared[s] = stmt
		} else {
			delete(p.prepared, s)
		}
		p.mu.Unlock()
	}
}

// close closes the statements and the handle.
func (p *pool) close() error {
	var errs []error
	for _, stmt := range p.prepared {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(append(errs, p.db.Close())...)
}
