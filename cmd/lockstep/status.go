package main

// The further exit statuses of commands that compare.
const (
	statusDiffers = 3 // something differs
	statusUnknown = 4 // it could not be compared
)

// endedError is an error with its own exit status.
type endedError struct {
	error
	status int
}

// Unwrap returns what is wrong.
func (e *endedError) Unwrap() error { return e.error }

func endedWith(status int, err error) error { return &endedError{err, status} }
