package stripebilling

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
	"github.com/stripe/stripe-go/v86/form"
)

const provider = "stripe"

// pageSize is the largest page that Stripe's lists allow.
const pageSize = 100

// call makes one request. The SDK sets the API version, the names of the parameters and
// their encoding; we read the answer ourselves.
func (c *Client) call(ctx context.Context, op, method, path string,
	params stripe.ParamsContainer) (upstream.Object, error) {
	ctx, answer := upstream.Keep(ctx)
	if list, ok := params.(stripe.ListParamsContainer); ok {
		list.GetListParams().Context = ctx
	} else {
		params.GetParams().Context = ctx
	}
	values := &form.Values{}
	form.AppendTo(values, params)
	err := c.gate.Call(ctx, method, path, func() error {
		err := c.backend.CallRaw(method, path, c.key.Reveal(), []byte(values.Encode()), params.GetParams(), &nothing{})
		if err != nil {
			return upstream.Failure(provider, op, err)
		}
		return nil
	})
	c.gate.Heard(answer)
	if err != nil {
		return nil, err
	}
	return answer.Object, nil
}

// one makes a request whose answer is an object with an id.
func (c *Client) one(ctx context.Context, op, method, path string,
	params stripe.ParamsContainer) (upstream.Object, error) {
	answer, err := c.call(ctx, op, method, path, params)
	if err == nil && answer.Text("id") == "" {
		return nil, failed(op, errors.New("the answer has no id"))
	}
	return answer, err
}

// page reads one page of a list, newest first.
func (c *Client) page(ctx context.Context, op, path string,
	params stripe.ListParamsContainer) (data []upstream.Object, more bool, err error) {
	answer, err := c.pageOf(ctx, op, path, params)
	if err != nil {
		return nil, false, err
	}
	data, ok := answer.Objects("data")
	if !ok {
		return nil, false, failed(op, errNoList)
	}
	return data, answer.Flag("has_more"), nil
}

var errNoList = errors.New("the answer is not a list")

// pageOf reads the answer with one page of a list.
func (c *Client) pageOf(ctx context.Context, op, path string,
	params stripe.ListParamsContainer) (answer upstream.Object, err error) {
	params.GetListParams().Limit = stripe.Int64(pageSize)
	answer, err = c.call(ctx, op, http.MethodGet, path, params.(stripe.ParamsContainer))
	if err == nil && answer.Text("object") != "list" {
		err = failed(op, errNoList)
	}
	return answer, err
}

// all reads a list to its end, starting after the given id. Pages are by cursor, so new
// objects do not shift them.
func (c *Client) all(ctx context.Context, op, path string, params stripe.ListParamsContainer, after string,
	each func(upstream.Object)) error {
	for {
		if after != "" {
			params.GetListParams().StartingAfter = stripe.String(after)
		}
		data, more, err := c.page(ctx, op, path, params)
		if after != "" && errors.Is(err, lockstep.ErrNotFound) {
			// The object of the cursor was deleted. The list itself exists.
			return failed(op, errors.New("the list changed while it was read"))
		}
		if err != nil {
			return err
		}
		last := after
		for _, o := range data {
			last = o.Text("id")
			each(o)
		}
		if !more {
			return nil
		}
		if last == "" || last == after {
			return failed(op, errors.New("the list has more objects, but no cursor"))
		}
		after = last
	}
}

// at returns the path of an object. It refuses an empty id and . and .., which would
// address a whole collection.
func at(op, collection, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", failed(op, errors.New("the id is empty or not an id"))
	}
	return collection + "/" + url.PathEscape(id), nil
}

// failed returns the error of a call whose outcome is unknown or that was not made.
func failed(op string, cause error) error { return upstream.Failed(provider, op, cause) }
