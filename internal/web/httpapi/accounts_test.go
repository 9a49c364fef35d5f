package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestOnlyServersSeePersonalData: a session token gets neither the address nor the name, nor what operators decide.
func TestOnlyServersSeePersonalData(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp("ada@example.com")
	k.buy(account, "pro")
	path := "/v1/accounts/" + account.String()
	server := k.call(http.MethodGet, path, apiKey, "")
	for _, part := range []string{`"email":"ada@example.com"`, `"name":"Ada Lovelace"`, `"run":"`} {
		if !strings.Contains(server.body, part) {
			t.Errorf("a server does not get %s: %s", part, server.body)
		}
	}
	own := k.call(http.MethodGet, path, k.token(account, ""), "")
	if own.status != http.StatusOK || strings.Contains(own.body, "ada@") || strings.Contains(own.body, "Lovelace") ||
		strings.Contains(own.body, "deletion") {
		t.Errorf("a session token gets %d %s", own.status, own.body)
	}
}
