package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// TestPostgreSQLScripts runs testdata/postgres/*.txtar. $POSTGRES is the URL of an empty database.
func TestPostgreSQLScripts(t *testing.T) {
	t.Parallel()
	database := pgtest.Empty(t)
	p := scripts("testdata/postgres")
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		env.Setenv("POSTGRES", database)
		return setup(env)
	}
	testscript.Run(t, p)
}

// postgres removes the tests' server after they have run.
type postgres struct{ *testing.M }

func (p postgres) Run() int { return pgtest.Run(p.M) }
