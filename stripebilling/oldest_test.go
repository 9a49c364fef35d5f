package stripebilling

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// TestTheOldestCustomerIsFoundByFewCalls matters because the backfill estimates a list's
// length with it.
func TestTheOldestCustomerIsFoundByFewCalls(t *testing.T) {
	t.Parallel()
	for _, days := range []int{0, 10, 400, 4000} {
		oldest, calls := time.Now().Add(-time.Duration(days)*24*time.Hour), 0
		client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			calls++
			until, err := strconv.ParseInt(r.URL.Query().Get("created[lte]"), 10, 64)
			if err != nil {
				t.Error(err)
			}
			data := "" // one customer was created each day
			if newest := time.Unix(until, 0); days > 0 && !newest.Before(oldest) {
				data = fmt.Sprintf(`{"id":"cus_1","created":%d}`, oldest.Add(newest.Sub(oldest).Truncate(24*time.Hour)).Unix())
			}
			_, _ = fmt.Fprintf(w, `{"object":"list","data":[%s],"has_more":true}`, data)
		})
		at, err := client.OldestCustomer(t.Context())
		if err != nil || days > 0 && at.Sub(oldest).Abs() > 6*24*time.Hour || days == 0 && !at.IsZero() || calls > 14 {
			t.Errorf("%d days ago: %s after %d calls, %v", days, at, calls, err)
		}
	}
}
