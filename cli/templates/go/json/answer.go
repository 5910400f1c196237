package main

import (
	"encoding/json"
	"log"
	"net/http"
)

// answer tells GET /?name=Ada {"greeting":"Hello, Ada!"}.
func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		send(w, http.StatusNotFound, map[string]string{"error": "there is nothing at " + r.URL.Path})
		return
	}
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "world"
	}
	send(w, http.StatusOK, map[string]string{"greeting": "Hello, " + name + "!"})
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print(err)
	}
}
