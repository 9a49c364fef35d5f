package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// runsMeanwhile is a store in which a worker syncs the account right after it was read for the first time.
type runsMeanwhile struct {
	lockstep.Store
	work func()
	once sync.Once
}

func (s *runsMeanwhile) Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	record, err := s.Store.Account(ctx, account)
	s.once.Do(s.work)
	return record, err
}

// An answer that says "not pending" contains the result of the sync, not the record before it.
func TestNothingPendingMeansThatAllOfItIsShown(t *testing.T) {
	t.Parallel()
	k := start(t)
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	members := func(n int64) {
		if err := store.Mark(t.Context(), lockstep.Mark{Key: org.Key(), Priority: lockstep.Interactive}); err != nil {
			t.Fatal(err)
		}
		claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Hour})
		if err != nil || len(claims) != 1 {
			t.Fatalf("%d claims: %v", len(claims), err)
		}
		change := lockstep.AccountUpdate{Record: lockstep.Record{Account: org, State: lockstep.AccountActive, Members: n,
			CreatedAt: time.Now()}}
		if err := store.Save(t.Context(), claims[0], change); err != nil {
			t.Fatal(err)
		}
		if err := store.Finish(t.Context(), claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
			t.Fatal(err)
		}
	}
	members(1)
	k.config.Store = &runsMeanwhile{Store: store, work: func() { members(2) }}
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/accounts/"+org.String(), http.NoBody)
	request.Header.Set("Authorization", "Bearer "+apiKey)
	if err := store.Mark(t.Context(), lockstep.Mark{Key: org.Key(), Priority: lockstep.Interactive}); err != nil {
		t.Fatal(err)
	}
	k.another().Handler().ServeHTTP(answer, request)
	var said struct {
		Members int64
		Pending bool
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &said); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d %v: %s", answer.Code, err, answer.Body)
	}
	if said.Members == 1 && !said.Pending {
		t.Error("the answer says not pending, but shows the old record")
	}
}
