import http from 'k6/http';
export default function () {
    http.post(`${__ENV.ENDPOINT}`, JSON.stringify({
        userId: 'u123',
        items: [{ productId: 'p1', qty: 2 }]
    }), { headers: { 'Content-Type': 'application/json' } });
}
