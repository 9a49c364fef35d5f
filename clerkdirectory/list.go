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

// pageSize is the largest that Clerk's lists have.
const pageSize = 500

// Identities returns a page of up to 500 users or organizations, oldest first;
// next is the cursor of the page after it, and empty at the end. Nobody who is
// there throughout the listing is skipped; some may be listed twice.
func (c *Client) Identities(ctx context.Context, kind lockstep.Kind,
	cursor string) (page []lockstep.Identity, next string, err error) {
	switch kind {
	case lockstep.User:
		return c.users(ctx, cursor)
	case lockstep.Organization:
		return c.organizations(ctx, cursor)
	}
	return nil, "", failed("list identities", fmt.Errorf("there is no kind %q", kind))
}

// users pages by id: a page holds whom Clerk created after the user that the
// cursor names. That user may be deleted meanwhile; so the cursor names three of
// its page, and without any of them the listing begins anew.
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
		raw, err := c.list(ctx, op, "/users", values)
		var refused *lockstep.UpstreamError
		if errors.As(err, &refused) && refused.Rejected() && i < len(after)-1 {
			continue
		}
		if err != nil {
			return nil, "", listFailure(op, err)
		}
		data, ok := upstream.Elements(raw)
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
	return nil, "", failed(op, errors.New("the list cannot be read")) // not reached: the last try returns
}

// place is where a listing of organizations stands: Clerk has no cursor for them.
type place struct {
	offset  int    // how many were listed
	created int64  // when the last of them was created, in milliseconds
	last    string // its id
}

// organizations pages by offset, in the order of creation, which never changes:
// new ones come at the end. A deletion moves later ones towards the beginning, so
// that the next offset would skip some. Therefore a page begins one early, and
// has to begin with the one that the page before ended with, or with an earlier
// one; otherwise what lies between is unknown, and the page begins earlier still.
func (c *Client) organizations(ctx context.Context, cursor string) ([]lockstep.Identity, string, error) {
	const op = "list organizations"
	at, err := parsePlace(cursor)
	if err != nil {
		return nil, "", failed(op, err)
	}
	for offset := max(0, at.offset-1); ; offset = max(0, offset-pageSize/2) {
		raw, err := c.list(ctx, op, "/organizations", url.Values{
			"limit":    {strconv.Itoa(pageSize)},
			"order_by": {"created_at"},
			"offset":   {strconv.Itoa(offset)},

			"include_members_count": {"true"},
		})
		if err != nil {
			return nil, "", listFailure(op, err)
		}
		data, ok := upstream.Decode(raw).Array("data")
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

// meets reports whether there is no gap between the place and a page.
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
		return p, errors.New("the cursor is not one of a listing of organizations")
	}
	return p, nil
}

// identitiesOf refuses a list with an entry that has no id: whoever it is would
// otherwise count as not listed.
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

// listFailure makes sure that a list that is not found is not mistaken for
// nobody's being there.
func listFailure(op string, err error) error {
	if errors.Is(err, lockstep.ErrNotFound) {
		return failed(op, errors.New("there is no such list"))
	}
	return err
}
