"""API Gateway's HTTP API on one machine: routes, events, responses, CORS, and the page's files."""
