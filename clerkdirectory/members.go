package clerkdirectory

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// maxAmong is how many users one request can filter by.
const maxAmong = 100

// MembersAmong implements [lockstep.MemberLister]. It makes one request per hundred
// users.
func (c *Client) MembersAmong(ctx context.Context, organization lockstep.Account,
	userIDs []string) (members []string, err error) {
	for len(userIDs) > 0 {
		n := min(len(userIDs), maxAmong)
		page, err := c.members(ctx, organization, url.Values{"user_id": userIDs[:n], "limit": {strconv.Itoa(n)}})
		if err != nil {
			return nil, err
		}
		members, userIDs = append(members, page...), userIDs[n:]
	}
	return members, nil
}

// MembersIn implements [lockstep.MemberLister].
func (c *Client) MembersIn(ctx context.Context, organization lockstep.Account, roles []string, limit int) ([]string,
	error) {
	values := url.Values{"limit": {strconv.Itoa(min(max(limit, 1), pageSize))}, "order_by": {"created_at"}}
	for _, role := range roles {
		values.Add("role", "org:"+strings.TrimPrefix(role, "org:"))
	}
	return c.members(ctx, organization, values)
}

func (c *Client) members(ctx context.Context, organization lockstep.Account, values url.Values) ([]string, error) {
	const op = "list members of organization"
	if organization.Kind != lockstep.Organization {
		return nil, failed(op, errors.New("only an organization has members"))
	}
	path, err := at(op, organization)
	if err != nil {
		return nil, err
	}
	answer, err := c.list(ctx, op, path+"/memberships", values)
	if err != nil {
		return nil, err
	}
	data, ok := answer.Object.Array("data")
	if !ok {
		return nil, failed(op, errors.New("the answer is not a list"))
	}
	users := make([]string, len(data))
	for i, m := range data {
		if users[i] = upstream.Decode(m).Object("public_user_data").Text("user_id"); users[i] == "" {
			return nil, failed(op, errors.New("a membership has no user id"))
		}
	}
	return users, nil
}
