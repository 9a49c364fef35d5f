package email

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/lockstep-dev/lockstep"
)

// readBuiltIn parses the built-in words and layouts.
func (r *Renderer) readBuiltIn() (err error) {
	if r.text, err = texttemplate.ParseFS(builtIn, "templates/layout.txt"); err != nil {
		return err
	}
	if r.html, err = htmltemplate.ParseFS(builtIn, "templates/layout.html"); err != nil {
		return err
	}
	r.words = map[lockstep.NoticeKind]*texttemplate.Template{}
	for _, kind := range Kinds() {
		r.words[kind], err = texttemplate.ParseFS(builtIn, "templates/words.tmpl", "templates/"+string(kind)+".tmpl")
		if err != nil {
			return err
		}
	}
	return nil
}

// readOverrides parses the operator's templates.
func (r *Renderer) readOverrides() error {
	r.texts, r.htmls = map[lockstep.NoticeKind]*texttemplate.Template{}, map[lockstep.NoticeKind]*htmltemplate.Template{}
	if r.config.Templates == nil {
		return nil
	}
	problems := []error{unknownFiles(r.config.Templates)}
	for _, kind := range Kinds() {
		if name, text, found, err := r.override(kind, ".txt"); err != nil {
			problems = append(problems, err)
		} else if found {
			r.texts[kind], err = texttemplate.New(name).Option("missingkey=error").Parse(text)
			problems = append(problems, wrongTemplate(err))
		}
		if name, text, found, err := r.override(kind, ".html"); err != nil {
			problems = append(problems, err)
		} else if found {
			r.htmls[kind], err = htmltemplate.New(name).Option("missingkey=error").Parse(text)
			problems = append(problems, wrongTemplate(err))
		}
	}
	return errors.Join(problems...)
}

// override reads the operator's template for a part of a kind.
func (r *Renderer) override(kind lockstep.NoticeKind, part string) (name, text string, found bool, err error) {
	name = string(kind) + part
	raw, err := fs.ReadFile(r.config.Templates, name)
	if errors.Is(err, fs.ErrNotExist) {
		return name, "", false, nil
	}
	if err != nil {
		return name, "", false, fmt.Errorf("read mail template %s: %w", name, err)
	}
	return name, string(raw), true, nil
}

func wrongTemplate(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("mail template: %w", err)
}

// unknownFiles rejects files that replace nothing: their names are misspelled.
func unknownFiles(files fs.FS) error {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return fmt.Errorf("read mail templates: %w", err)
	}
	var known []string
	for _, kind := range Kinds() {
		known = append(known, string(kind)+".txt", string(kind)+".html")
	}
	var problems []error
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			problems = append(problems, fmt.Errorf("mail template %s replaces nothing; use one of %s", e.Name(),
				strings.Join(known, ", ")))
		}
	}
	return errors.Join(problems...)
}
