/** CMCD as players send it: the examples of CTA-5004-B, and what older players made of earlier versions. */

/**
 * Event mode, one body after the other: a session that starts, plays, starves once with an error, goes on and ends.
 */
export const SESSION: readonly string[] = [
  'bl=(0),cid="main",e=t,h="example.com",pt=0,sid="session-id-123",sn=1,sta=s,su,ts=1764752400000,v=2',
  'bl=(6000),br=(4200;v 256;a),cid="main",e=t,h="example.com",lb=(523;v 64;a),msd=812,mtp=(87000;v 49000;a),pb=(4200;v 256;a),pt=29188,sf=d,sid="session-id-123",sn=2,st=v,sta=p,tb=(4200;v 256;a),tpb=(4200;v 256;a),ts=1764752430000,v=2',
  'bl=(3200),br=(4200;v 256;a),bs,bsd=(720;v),cid="main",e=t,ec=("MEDIA_ERR_NETWORK"),h="example.com",lb=(523;v 64;a),mtp=(89000;v 52000;a),pb=(4200;v 256;a),pt=59188,sf=d,sid="session-id-123",sn=3,st=v,sta=p,tb=(4200;v 256;a),tpb=(4200;v 256;a),ts=1764752460000,v=2',
  'bl=(6000),br=(4200;v 256;a),cid="main",e=t,h="example.com",lb=(523;v 64;a),mtp=(81000;v 55000;a),pb=(4200;v 256;a),pt=89188,sf=d,sid="session-id-123",sn=4,st=v,sta=p,tb=(4200;v 256;a),tpb=(4200;v 256;a),ts=1764752490000,v=2',
  'bl=(0),br=(4200;v 256;a),cid="main",e=t,h="example.com",lb=(523;v 64;a),mtp=(82000;v 55000;a),pb=(4200;v 256;a),pr=0,pt=111000,sf=d,sid="session-id-123",sn=5,st=v,sta=e,tb=(4200;v 256;a),tpb=(4200;v 256;a),ts=1764752520000,v=2',
];

/** A starvation, told as it begins and as it ends: it is one. */
export const REBUFFERING: readonly string[] = [
  'bs,cid="main",e=ps,sid="session-id-123",sta=r,ts=1764269150889,v=2',
  'bs,bsd=(1500),cid="main",e=ps,sid="session-id-123",sta=p,ts=1764269152389,v=2',
];

/** Every key of request mode. */
export const EVERY_KEY =
  'bg,bl=(2100;v 1800;a),br=(3000;v 164;a),bs,bsa=(3;v),bsd=(1200;v 100;a),bsda=(4150;v 300;a),cid="main",cs="g48djn236sk2",d=4000,dfa=32,dl=1000,ec=("2001"),lb=(500;v 32;a),ltc=13500,msd=1700,mtp=(15000;v 6000;a),nor=("next-seg.mp4"),nr,ot=v,pb=(2000;v 164;a),pr=1.1,pt=632782,rtp=12000,sf=d,sid="session-id-123",sn=0,st=l,sta=p,su,tb=(6000;v 350;a),tbl=(2000;v 2000;a),tpb=(5000;v 164;a),v=2';

/** Version 1, as hls.js, dash.js and Shaka put it into a query by default: plain numbers, no `sta`. */
export const VERSION_1 =
  'bl=21300,br=3200,bs,cid="main",d=4004,dl=18500,mtp=48100,nor="..%2F300kbps%2Ftrack.m4v",ot=v,rtp=15000,sf=h,sid="6e2fb550-c457-11e9-bb97-0800200c9a66",st=l,tb=6000';

/**
 * Event mode before inner lists were agreed on, with the line feed at the end that the standard has since forbidden.
 */
export const EARLY_EVENTS =
  'e=ps,sid="session-1",ts=1700000000000,sta=p,cid="main"\ne=t,sid="session-1",ts=1700000001000,bl=5000,cid="main"\n';
