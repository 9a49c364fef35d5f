package stripebilling

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
	"github.com/stripe/stripe-go/v86/form"
)

const provider = "stripe"

// pageSize is the largest that Stripe's lists have.
const pageSize = 100

// call makes one request. The SDK contributes the API version, the names of the
// parameters and their encoding; the answer comes past it.
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
	params stripe.ListParamsContainer) (data []json.RawMessage, more bool, err error) {
	params.GetListParams().Limit = stripe.Int64(pageSize)
	answer, err := c.call(ctx, op, http.MethodGet, path, params.(stripe.ParamsContainer))
	if err != nil {
		return nil, false, err
	}
	data, ok := answer.Array("data")
	if !ok || answer.Text("object") != "list" {
		return nil, false, failed(op, errors.New("the answer is not a list"))
	}
	return data, answer.Flag("has_more"), nil
}

// all reads a list to its end, from after the given id. Pages are by cursor, so
// what is created meanwhile does not shift them.
func (c *Client) all(ctx context.Context, op, path string, params stripe.ListParamsContainer, after string,
	each func(upstream.Object)) error {
	for {
		if after != "" {
			params.GetListParams().StartingAfter = stripe.String(after)
		}
		data, more, err := c.page(ctx, op, path, params)
		if after != "" && errors.Is(err, lockstep.ErrNotFound) {
			// Deleted meanwhile: the object that we read on from, not what was asked for.
			return failed(op, errors.New("the list changed while it was read"))
		}
		if err != nil {
			return err
		}
		last := after
		for _, raw := range data {
			o := upstream.Decode(raw)
			last = o.Text("id")
			each(o)
		}
		if !more {
			return nil
		}
		if last == "" || last == after {
			return failed(op, errors.New("the list says that there is more, but not where"))
		}
		after = last
	}
}

// at returns the path of an object. An id that is empty, or a step in a path,
// would address a whole collection instead.
func at(op, collection, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", failed(op, errors.New("there is no id to ask for"))
	}
	return collection + "/" + url.PathEscape(id), nil
}

// failed is a call whose outcome is not known, or that was not made at all.
func failed(op string, cause error) error { return upstream.Failed(provider, op, cause) }
