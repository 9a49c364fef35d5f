package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// patience allows for a slow machine.
const patience = 2 * time.Minute

const webhookSecret = "whsec_of_the_test_of_the_image"

// container runs commands in an unpacked image. As root it changes the root folder and becomes the image's
// user, who may write only to /data and /tmp, so the rest is as good as read-only. Otherwise it runs the
// binary with the same environment, and paths below the folder.
type container struct {
	*testing.T
	root string
	env  []string
}

func (c container) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.Context(), args[0], args[1:]...)
	cmd.Env, cmd.Dir = c.env, "/etc/lockstep"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return cmd
	}
	cmd.Path, cmd.Dir = filepath.Join(c.root, args[0]), filepath.Join(c.root, "etc/lockstep")
	return cmd
}

// runs starts the image as its configuration says, with secrets in the environment and lockstep.toml where
// it is mounted, until it stores a delivery.
func runs(t *testing.T, image v1.Image, root string, r release) {
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	// It is not the image's, and says that no Clerk key is needed.
	settings := []byte("identity = \"api\"\nstripe_api_base = \"http://127.0.0.1:1\"\n")
	if err := os.WriteFile(filepath.Join(root, "etc/lockstep/lockstep.toml"), settings, 0o644); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	c := container{t, root, append(file.Config.Env, "LOCKSTEP_ADDR="+addr, "STRIPE_SECRET_KEY=sk_test_image",
		"STRIPE_WEBHOOK_SECRET="+webhookSecret, "LOCKSTEP_API_KEY=a-key-of-this-test-of-32-characters")}
	if os.Geteuid() != 0 {
		c.env = append(c.env, "DATABASE_URL=sqlite:"+filepath.Join(root, "data/lockstep.db"))
	}
	var log strings.Builder
	service := c.command(append(file.Config.Entrypoint, file.Config.Cmd...)...)
	service.Stdout, service.Stderr = &log, &log
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- service.Wait() }()
	c.untilHealthy(file.Config.Healthcheck.Test[1:], func() {
		select {
		case err := <-ended:
			t.Fatalf("it ended with %v\n%s", err, log.String())
		default:
		}
	})
	c.delivers("http://" + addr)
	c.shows("http://"+addr, r)
	if err := service.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v\n%s", err, log.String())
	}
	c.wroteOnlyData()
}

// untilHealthy repeats the health check of the image while the service runs.
func (c container) untilHealthy(check []string, runs func()) {
	c.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		runs()
		out, err := c.command(check...).CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("the health check: %v %s", err, out)
		}
	}
}

// delivers sends a delivery with Stripe's signature, and one with a wrong signature.
func (c container) delivers(url string) {
	c.Helper()
	body := fmt.Sprintf(`{"id":"evt_image","object":"event","type":"invoice.paid","livemode":false,"created":%d,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_1"}}}`, time.Now().Unix())
	for secret, want := range map[string]int{webhookSecret: http.StatusOK, "whsec_another": http.StatusBadRequest} {
		at := time.Now().Unix()
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", at, body)
		request, err := http.NewRequestWithContext(c.Context(), http.MethodPost, url+"/webhooks/stripe", strings.NewReader(body))
		if err != nil {
			c.Fatal(err)
		}
		request.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(mac.Sum(nil))))
		if status, answer := c.send(request); status != want {
			c.Errorf("signed with %s: %d %s, want %d", secret, status, answer, want)
		}
	}
}

// shows checks that /healthz names the version that was built.
func (c container) shows(url string, r release) {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), http.MethodGet, url+"/healthz", http.NoBody)
	if err != nil {
		c.Fatal(err)
	}
	_, text := c.send(request)
	var answer struct {
		Build struct{ Version, Commit, Date string }
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Build.Version != r.version ||
		answer.Build.Commit != r.commit || answer.Build.Date != r.date {
		c.Errorf("/healthz: %s %v", text, err)
	}
}

func (c container) send(request *http.Request) (status int, body []byte) {
	c.Helper()
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		c.Fatal(err)
	}
	return response.StatusCode, body
}

// wroteOnlyData checks that the service needs to write nothing but /data.
func (c container) wroteOnlyData() {
	c.Helper()
	if found, err := os.ReadDir(filepath.Join(c.root, "tmp")); err != nil || len(found) > 0 {
		c.Errorf("/tmp has %v %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(c.root, "data/lockstep.db")); err != nil {
		c.Error(err)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}
