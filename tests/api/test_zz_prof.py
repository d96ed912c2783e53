import asyncio, time, cProfile, pstats
from tests.api.conftest import *
async def test_prof(filled):
    app = filled.app
    from carecode.api.fhir import Fhir
    from carecode.api.metrics import Metrics
    f = Fhir(app, Metrics())
    r = await filled.resident()
    tok = await filled.token(DOCTOR, r)
    n = filled.number(DOCTOR, r)
    async with filled.client(tok) as c:
        oid = (await c.get('/fhir/Observation')).json()['entry'][0]['resource']['id']
    async def one(path, q=b''):
        out=[]
        async def send(m): out.append(m)
        async def recv(): return {'type':'http.request','body':b''}
        await f({'type':'http','method':'GET','path':path,'query_string':q,'scheme':'http','headers':[(b'host',b'localhost'),(b'accept',b'application/fhir+json'),(b'authorization',b'Bearer '+tok.encode())]},recv,send)
        assert out[0]['status']==200, out
    for name,path,q in (('read',f'/fhir/Observation/{oid}',b''),('patient',f'/fhir/Patient/{n}',b''),('identifier','/fhir/Patient',b'identifier=urn:example:mrn|P-1'),('obs','/fhir/Observation',f'patient={n}&code=4548-4&_sort=-date'.encode()),('metadata','/fhir/metadata',b'')):
        N=1500
        async def worker(k):
            for _ in range(k): await one(path,q)
        await worker(50)
        t=time.perf_counter(); c=time.process_time()
        await asyncio.gather(*(worker(N//8) for _ in range(8)))
        dt=time.perf_counter()-t; cpu=time.process_time()-c
        print(name, round(N/dt), '/s', 'cpu us', round(cpu/N*1e6))
    p=cProfile.Profile(); p.enable(); await worker(10)
    for _ in range(800): await one(f'/fhir/Observation/{oid}')
    p.disable(); pstats.Stats(p).sort_stats('cumtime').print_stats(45)
