package main

import (
	_ "embed"
	"log"
	"net/http"
)

//go:embed page.html
var page []byte

// answer serves the page at /.
func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.Error(w, "There is no such page.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if _, err := w.Write(page); err != nil {
		log.Print(err)
	}
}
