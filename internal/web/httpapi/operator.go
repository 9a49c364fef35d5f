package httpapi

import (
	"context"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
)

// Operator is someone whom the console has identified.
type Operator struct {
	Name string // as the audit log names them: console/NAME
	Role lockstep.ConsoleRole
}

type operatorKey struct{}

// AsOperator makes the requests of a context those of an operator. They need no API key. Only code in this
// process can do this: nothing that a client sends ends up in the context.
func AsOperator(ctx context.Context, o Operator) context.Context {
	return context.WithValue(ctx, operatorKey{}, o)
}

func (o Operator) caller() caller {
	return caller{server: true, console: true, key: apikeys.Key{Name: o.Name, Scopes: o.Role.Scopes()}}
}

// lacking refuses an operation that the role does not allow.
func (o Operator) lacking(scope lockstep.APIScope) *refusal {
	if scope != 0 && o.Role.Scopes().Has(scope) {
		return nil
	}
	return &refusal{Status: http.StatusForbidden, Type: "urn:lockstep:" + MissingScope,
		Why: "the role " + string(o.Role) + " does not allow this; ask for a link with the role " +
			string(lockstep.ConsoleOperator) + ": lockstep console --role " + string(lockstep.ConsoleOperator)}
}

// actor returns the caller as the audit log names it.
func (c caller) actor() string {
	if c.console {
		return "console/" + c.key.Name
	}
	return "key/" + c.key.Name
}
