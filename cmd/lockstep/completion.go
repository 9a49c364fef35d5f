package main

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand prints a script that makes a shell complete lockstep's command line. The scripts only
// pass words: completeCommand knows the candidates, so a script does not age.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

//go:embed completions/bash completions/zsh completions/fish
var completionScripts embed.FS

// Help is shown by completion --help.
func (*completionCommand) Help() string {
	return "For this shell: source <(lockstep completion bash). The script says how to make it permanent."
}

// Run prints the script.
func (c *completionCommand) Run(in *surroundings) error {
	script, err := completionScripts.Open("completions/" + c.Shell)
	if err != nil {
		return err
	}
	_, err = io.Copy(in.stdout, script)
	return err
}

// completeCommand prints what can stand at the cursor: one candidate a line, a tab and what it means. It
// prints nothing where a file name or a value of yours belongs; the shell then offers files.
type completeCommand struct {
	Words []string `arg:"" optional:"" help:"The words after lockstep, up to the cursor. The last one may be empty."`
}

// Run prints the candidates.
func (c *completeCommand) Run(in *surroundings) error {
	for _, found := range candidates(newParser(&program{}).Model.Node, c.Words) {
		if _, err := fmt.Fprintf(in.stdout, "%s\t%s\n", found.word, found.help); err != nil {
			return err
		}
	}
	return nil
}

type candidate struct{ word, help string }

// candidates returns what can stand in place of the last word.
func candidates(app *kong.Node, words []string) []candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	current, node, flag := words[len(words)-1], app, (*kong.Flag)(nil)
	for _, word := range words[:len(words)-1] {
		switch {
		case flag != nil && word == "=": // bash splits --flag=value into three words
		case flag != nil:
			flag = nil
		case strings.HasPrefix(word, "-"):
			flag = awaited(node, word)
		default:
			node = child(node, word)
		}
	}
	return matching(offered(node, flag, current), strings.TrimPrefix(current, "="))
}

// offered returns every candidate at a place of the command line, whatever its first letters.
func offered(node *kong.Node, flag *kong.Flag, current string) (found []candidate) {
	name, _, hasValue := strings.Cut(current, "=")
	switch {
	case flag != nil:
		return choices(flag.Value, "")
	case hasValue && strings.HasPrefix(name, "-"):
		if flag = awaited(node, name); flag != nil {
			found = choices(flag.Value, name+"=")
		}
		return found
	case strings.HasPrefix(current, "-"):
		return flagsAt(node)
	}
	for _, c := range node.Children {
		if !c.Hidden {
			found = append(found, candidate{c.Name, firstSentence(c.Help)})
		}
	}
	if node.Parent == nil {
		found = append(found, candidate{"help", "Show the help of a command"})
	}
	for _, argument := range node.Positional {
		found = append(found, choices(argument, "")...)
	}
	return found
}

// matching keeps the candidates that start with what was typed.
func matching(found []candidate, typed string) []candidate {
	return slices.DeleteFunc(found, func(c candidate) bool { return !strings.HasPrefix(c.word, typed) })
}

// child returns the command that word names, or node if word is an argument, or help.
func child(node *kong.Node, word string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == word {
			return c
		}
	}
	return node
}

// awaited returns the flag of a word if its value is the next word, or follows the = of the word.
func awaited(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			if "--"+f.Name == word && !f.IsBool() {
				return f
			}
		}
	}
	return nil
}

// flagsAt returns the flags of a command and those of all commands.
func flagsAt(node *kong.Node) (found []candidate) {
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			found = append(found, candidate{"--" + f.Name, firstSentence(f.Help)})
		}
	}
	return found
}

// choices returns the values of a flag or an argument that has a fixed set.
func choices(v *kong.Value, prefix string) (found []candidate) {
	if v.Enum == "" {
		return nil
	}
	for _, value := range v.EnumSlice() {
		found = append(found, candidate{prefix + value, ""})
	}
	return found
}

// firstSentence returns the first sentence of a help text, without its full stop.
func firstSentence(help string) string {
	sentence, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(sentence, ".")
}
