package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const certificates = "/etc/ssl/certs/ca-certificates.crt"

// file is a file of the image, or a folder if its mode says so.
type file struct {
	name    string
	mode    fs.FileMode
	owner   int // root, or the user of the image
	content []byte
}

// rootFiles are the files that do not depend on the version. The certificates come from a Go module, so
// they do not depend on this machine.
func rootFiles(license []byte) []file {
	const mine = 65532
	folder := func(name string, mode fs.FileMode, owner int) file {
		return file{name: name, mode: fs.ModeDir | mode, owner: owner}
	}
	return []file{
		folder("/data", 0o700, mine),
		folder("/etc", 0o755, 0),
		{name: "/etc/group", mode: 0o644, content: []byte("root:x:0:\nlockstep:x:65532:\n")},
		folder("/etc/lockstep", 0o755, 0),
		{name: "/etc/passwd", mode: 0o644, content: []byte(
			"root:x:0:0:root:/:/sbin/nologin\nlockstep:x:65532:65532:Lockstep:/data:/sbin/nologin\n")},
		folder("/etc/ssl", 0o755, 0),
		folder("/etc/ssl/certs", 0o755, 0),
		{name: certificates, mode: 0o644, content: authorities()},
		folder("/tmp", 0o777|fs.ModeSticky, 0),
		folder("/usr", 0o755, 0),
		folder("/usr/bin", 0o755, 0),
		folder("/usr/share", 0o755, 0),
		folder("/usr/share/doc", 0o755, 0),
		folder("/usr/share/doc/lockstep", 0o755, 0),
		{name: "/usr/share/doc/lockstep/LICENSE", mode: 0o644, content: license},
	}
}

// authorities returns Mozilla's list of certificate authorities. It leaves out those that are trusted only
// under conditions, because a file of certificates cannot say that.
func authorities() []byte {
	var list bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			list.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return list.Bytes()
}

// layer returns a layer with the files, in their order.
func layer(files []file, at time.Time) (v1.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.name, "/"), ModTime: at,
			Mode: int64(f.mode.Perm()), Uid: f.owner, Gid: f.owner, Size: int64(len(f.content)), Format: tar.FormatPAX}
		if f.mode&fs.ModeSticky != 0 {
			header.Mode |= 0o1000
		}
		if f.mode.IsDir() {
			header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
}
