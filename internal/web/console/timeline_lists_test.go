package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// apiLists answers as the API does, from three lists that overlap in time.
type apiLists struct {
	now   time.Time
	sizes map[string]int // by the last part of the path
	every map[string]time.Duration
}

func (l apiLists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	from, _ := strconv.Atoi(r.URL.Query().Get("before")) // empty: from the newest
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	page := struct {
		Data []map[string]any `json:"data"`
		Next string           `json:"next,omitempty"`
	}{Data: []map[string]any{}}
	for n := from; n < min(from+limit, l.sizes[name]); n++ {
		at := l.now.Add(-time.Duration(n) * l.every[name])
		page.Data = append(page.Data, map[string]any{"run": fmt.Sprint("r", n), "key": "user/user_1", "runs": 1, "began_at": at,
			"last_at": at, "disposition": "done", "reason": "", "source": "stripe", "id": fmt.Sprint("evt_", n),
			"type": fmt.Sprint("type.", n), "status": "pending", "received_at": at, "number": n, "request": fmt.Sprint(n),
			"at": at, "actor": "key/a", "action": "sync", "subject": fmt.Sprint("s", n), "result": "done"})
	}
	if from+limit < l.sizes[name] {
		page.Next = strconv.Itoa(from + limit)
	}
	if err := json.NewEncoder(w).Encode(page); err != nil {
		panic(err)
	}
}

// TestPagesOfListsAreMerged: the pages of the timeline have each element of each list once, newest first.
func TestPagesOfListsAreMerged(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	api := apiLists{now, map[string]int{"runs": 70, "events": 350, "audit": 60},
		map[string]time.Duration{"runs": 7 * time.Minute, "events": 2 * time.Minute, "audit": 11 * time.Minute}}
	v := &visit{Request: httptest.NewRequest(http.MethodGet, "/console/accounts/user/user_1", http.NoBody),
		api: client{api: api}}
	var notices []notice
	for n := range 30 {
		notices = append(notices, notice{ID: fmt.Sprint("n", n), CreatedAt: now.Add(-time.Duration(n) * 13 * time.Minute)})
	}
	told := teller{v, "user/user_1", notices}
	seen, pages := map[string]bool{}, 0
	last := now.Add(time.Second)
	for at := (place{}); !at.ended(); pages++ {
		found, next, err := told.step(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range found.shown {
			id := fmt.Sprint(h.list, h.run.Run, h.event.ID, h.action.Number, h.notice.ID)
			if seen[id] {
				t.Errorf("%s is shown twice", id)
			}
			seen[id] = true
			if h.at.After(last) {
				t.Errorf("page %d has %s, which is newer than the page before", pages, id)
			}
		}
		for _, h := range found.shown {
			if h.at.Before(last) {
				last = h.at
			}
		}
		if at, err = placeOf(next.encode()); err != nil || pages > 100 {
			t.Fatalf("%d pages: %v", pages, err)
		}
	}
	if want := 70 + 350 + 60 + 30; len(seen) != want || pages < 4 {
		t.Errorf("%d pages have %d elements, want %d", pages, len(seen), want)
	}
}

// TestAnEventIsToldByItsRun: a run that failed names events that are still open.
func TestAnEventIsToldByItsRun(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	event := happened{list: eventList, at: at, event: event{Source: "stripe", ID: "evt_1", Type: "invoice.paid",
		Status: "pending", ReceivedAt: at}}
	run := happened{list: runList, at: at.Add(time.Second), run: run{Run: "r1", Key: "user/user_1", Runs: 1,
		BeganAt: at.Add(time.Second), TookMS: 500, Disposition: "retry", Reason: "stripe: status 500.",
		Events: []string{"stripe/evt_1"}, EventCount: 1}}
	got := teller{account: "user/user_1"}.tell(merged{shown: []happened{event, run}, told: []happened{event, run}})
	want := "Stripe sent invoice.paid. The run failed, and Lockstep tries again: stripe: status 500."
	if len(got) != 1 || got[0].Text != want || got[0].Delay() != 1500 || !got[0].Fault {
		t.Errorf("the story is %+v", got)
	}
}
