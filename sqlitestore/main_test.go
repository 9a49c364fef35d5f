package sqlitestore_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// The test binary is also the other process in tests that need one: role says which one, for the
// database at path.
const (
	roleVariable      = "SQLITESTORE_TEST_ROLE"
	pathVariable      = "SQLITESTORE_TEST_PATH"
	operationVariable = "SQLITESTORE_TEST_OPERATION"
	rowsVariable      = "SQLITESTORE_TEST_ROWS"
)

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		goleak.VerifyTestMain(m)
	case "open":
		store, err := sqlitestore.Open(context.Background(), os.Getenv(pathVariable))
		exitOn(err)
		exitOn(store.Ping(context.Background()))
		exitOn(store.Close())
	case "receive":
		receiveForever(os.Getenv(pathVariable))
	case "operate":
		n, err := strconv.Atoi(os.Getenv(rowsVariable))
		exitOn(err)
		operate(os.Getenv(pathVariable), os.Getenv(operationVariable), n)
	case "backup":
		backUp(os.Getenv(pathVariable), os.Getenv(operationVariable))
	default:
		exitOn(fmt.Errorf("no role %q", role))
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// receiveForever stores events from several goroutines, and prints the id of each one that it would
// answer with 2xx.
func receiveForever(path string) {
	ctx := context.Background()
	store, err := sqlitestore.Open(ctx, path)
	exitOn(err)
	acked := make(chan string)
	for sender := range 4 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("evt_%d_%d_%d", os.Getpid(), sender, n)
				_, err := store.Receive(ctx, []lockstep.Delivery{{
					Event: lockstep.Event{Source: lockstep.Stripe, ID: id, Body: make([]byte, 5000)},
					Mark:  &lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: fmt.Sprint(n)}},
				}})
				exitOn(err)
				acked <- id
			}
		}()
	}
	for id := range acked {
		fmt.Println(id)
	}
}
