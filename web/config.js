// Empty: the API answers where the page comes from. Another origin must be added to connect-src too,
// in index.html and headers.json.
export const API_BASE = "";
