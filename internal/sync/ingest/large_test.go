package ingest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLargeBodiesDoNotAllShareATransaction(t *testing.T) {
	bubble(t, func(k *kit) {
		for i := range 10 {
			k.send(k.Context(), fmt.Sprint(i), normal, MaxBody-100)
			synctest.Wait()
		}
		for k.count(0) > 0 {
			k.commit()
		}
		if got := k.disk.started(); slices.Max(got) > mostTogetherBytes/MaxBody+1 || k.count(http.StatusOK) != 10 {
			k.Errorf("transactions began with %v deliveries, and %d were stored", got, k.count(http.StatusOK))
		}
		k.consistent()
	})
}

func TestLargeBodiesShareRoomAndSmallOnesNeedNone(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	large := &k.endpoint.Intake.large
	large.size, large.share, large.slow = 100_000, 100_000, time.Hour
	slow, end := newSlowBody(50_000), make(chan struct{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", slow)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(end)
		body := &holder{room: large}
		if _, err := readBody(nil, r, body); err != nil || body.held == 0 {
			t.Errorf("held %d, %v", body.held, err)
		}
		body.leave()
	}()
	<-slow.reached
	k.send(t.Context(), "large", normal, 60_000)
	k.send(t.Context(), "small", normal, 10_000)
	k.answers.Wait()
	if k.code("large") != http.StatusServiceUnavailable || k.code("small") != http.StatusOK {
		t.Errorf("answers are %v", k.codes)
	}
	close(slow.goOn)
	<-end
	k.send(t.Context(), "again", normal, 60_000)
	k.answers.Wait()
	if used := large.used; k.code("again") != http.StatusOK || used != 0 {
		t.Errorf("answers are %v, and %d bytes are in use", k.codes, used)
	}
	k.send(t.Context(), "too large", normal, MaxBody)
	k.answers.Wait()
	if used := large.used; k.code("too large") != http.StatusServiceUnavailable || used != 0 {
		t.Errorf("answers are %v, and %d bytes are in use", k.codes, used)
	}
	large.size, large.share = mostLarge, mostLarge
	k.send(t.Context(), "far too large", normal, MaxBody)
	k.answers.Wait()
	if used := large.used; k.code("far too large") != http.StatusRequestEntityTooLarge || used != 0 {
		t.Errorf("answers are %v, and %d bytes are in use", k.codes, used)
	}
	k.consistent()
}

// slowBody is a body whose sender stops before its end.
type slowBody struct {
	rest          *strings.Reader
	reached, goOn chan struct{}
}

func newSlowBody(size int) *slowBody {
	return &slowBody{strings.NewReader(strings.Repeat(" ", size)), make(chan struct{}), make(chan struct{})}
}

func (s *slowBody) Read(p []byte) (int, error) {
	if s.rest.Len() == 0 {
		close(s.reached)
		<-s.goOn
	}
	return s.rest.Read(p)
}
