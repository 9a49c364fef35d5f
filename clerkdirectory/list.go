package clerkdirectory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// pageSize is the largest page that Clerk's lists allow.
const pageSize = 500

// Identities returns a page of up to 500 users or organizations, oldest first. next is
// the cursor of the next page, and empty at the end. The listing never skips an account
// that exists from its start to its end, but it may list an account twice.
func (c *Client) Identities(ctx context.Context, kind lockstep.Kind,
	cursor string) (page []lockstep.Identity, next string, err error) {
	switch kind {
	case lockstep.User:
		return c.users(ctx, cursor)
	case lockstep.Organization:
		return c.organizations(ctx, cursor)
	}
	return nil, "", failed("list identities", fmt.Errorf("unknown kind %q", kind))
}

// users pages by id: a page holds the users created after the user that the cursor
// names. That user may have been deleted, so the cursor names three users of its page.
// If all three are gone, the listing starts over.
func (c *Client) users(ctx context.Context, cursor string) ([]lockstep.Identity, string, error) {
	const op = "list users"
	var after []string
	if cursor != "" {
		after = strings.Split(cursor, ",")
	}
	after = append(after, "")
	for i, id := range after {
		values := url.Values{"limit": {strconv.Itoa(pageSize)}, "order_by": {"created_at"}}
		if id != "" {
			values.Set("starting_after", id)
		}
		answer, err := c.list(ctx, op, "/users", values)
		var refused *lockstep.UpstreamError
		if errors.As(err, &refused) && refused.Rejected() && i < len(after)-1 {
			continue
		}
		if err != nil {
			return nil, "", listFailure(op, err)
		}
		data, ok := upstream.Elements(answer.Raw)
		if !ok {
			return nil, "", failed(op, errors.New("the answer is not a list"))
		}
		page, err := identitiesOf(op, lockstep.User, data)
		if err != nil || len(page) < pageSize {
			return page, "", err
		}
		last := len(page) - 1
		return page, page[last].Account.ID + "," + page[last/2].Account.ID + "," + page[0].Account.ID, nil
	}
	return nil, "", failed(op, errors.New("the list cannot be read")) // unreachable: the last attempt returns
}

// place is the cursor of a listing of organizations, for which Clerk has none.
type place struct {
	offset  int    // number of organizations listed
	created int64  // creation time of the last one, in milliseconds
	last    string // id of the last one
}

// organizations pages by offset in the order of creation, so new organizations come
// last. A deletion moves later organizations forward, and the next offset would skip
// some. So each page starts one organization early. It must start with the last one of
// the previous page, or with an older one. If not, there is a gap, and we read from an
// earlier offset.
func (c *Client) organizations(ctx context.Context, cursor string) ([]lockstep.Identity, string, error) {
	const op = "list organizations"
	at, err := parsePlace(cursor)
	if err != nil {
		return nil, "", failed(op, err)
	}
	for offset := max(0, at.offset-1); ; offset = max(0, offset-pageSize/2) {
		answer, err := c.list(ctx, op, "/organizations", url.Values{
			"limit":    {strconv.Itoa(pageSize)},
			"order_by": {"created_at"},
			"offset":   {strconv.Itoa(offset)},

			"include_members_count": {"true"},
		})
		if err != nil {
			return nil, "", listFailure(op, err)
		}
		data, ok := answer.Object.Array("data")
		if !ok {
			return nil, "", failed(op, errors.New("the answer is not a list"))
		}
		if offset > 0 && !at.meets(data) {
			continue
		}
		page, err := identitiesOf(op, lockstep.Organization, data)
		if err != nil || len(page) < pageSize {
			return page, "", err
		}
		last := upstream.Decode(data[len(data)-1])
		next := place{offset + len(page), last.Number("created_at"), last.Text("id")}
		return page, next.String(), nil
	}
}

// meets reports whether a page follows the place without a gap.
func (p place) meets(data []json.RawMessage) bool {
	if len(data) == 0 {
		return false
	}
	first := upstream.Decode(data[0])
	created := first.Number("created_at")
	return first.Text("id") == p.last || created != 0 && created < p.created
}

func (p place) String() string { return fmt.Sprintf("%d,%d,%s", p.offset, p.created, p.last) }

func parsePlace(cursor string) (p place, err error) {
	if cursor == "" {
		return p, nil
	}
	_, err = fmt.Sscanf(cursor, "%d,%d,%s", &p.offset, &p.created, &p.last)
	if err != nil || p.offset < 0 {
		return p, errors.New("the cursor does not belong to a listing of organizations")
	}
	return p, nil
}

// identitiesOf refuses a list with an entry without an id. That account would otherwise
// look deleted.
func identitiesOf(op string, kind lockstep.Kind, data []json.RawMessage) ([]lockstep.Identity, error) {
	page := make([]lockstep.Identity, len(data))
	for i, raw := range data {
		page[i] = identityOf(kind, upstream.Decode(raw))
		if page[i].Account.ID == "" {
			return nil, failed(op, errors.New("the list has an entry without an id"))
		}
	}
	return page, nil
}

// listFailure turns a 404 for a list into another error, so that no caller takes it for
// an empty list.
func listFailure(op string, err error) error {
	if errors.Is(err, lockstep.ErrNotFound) {
		return failed(op, errors.New("the list does not exist"))
	}
	return err
}
