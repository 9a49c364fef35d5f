package sqlitestore

// StepRows sets about how many rows a transaction writes.
func StepRows(n int) Option { return func(o *options) { o.stepRows = n } }
