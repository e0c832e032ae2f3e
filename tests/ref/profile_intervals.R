# Profile-likelihood intervals: R's densities, optim for the other parameter, uniroot for the ends.
# Rscript profile_intervals.R: family, number of the parameter, lower end, upper end.
x <- c(2.1,3.9,0.7,5.5,3.2,2.8,9.4,1.6)
prof <- function(nll, th, i, lev=.95) { top <- -nll(th); p <- length(th)
 pl <- function(v) { if (p==1) return(-nll(v)); o <- optim(th[-i], function(o){ t<-th; t[i]<-v; t[-i]<-o; nll(t)}, method="BFGS", control=list(reltol=1e-15,maxit=500)); -o$value }
 f <- function(v) 2*(top-pl(v))-qchisq(lev,1)
 c(uniroot(f,c(th[i]/20,th[i]),tol=1e-10)$root, uniroot(f,c(th[i],th[i]*20),tol=1e-10)$root) }
go <- function(name,nll,st){ o<-suppressWarnings(optim(st,nll,method="BFGS",control=list(reltol=1e-16,maxit=1000))); for(i in seq_along(st)) cat(name,i,format(suppressWarnings(prof(nll,o$par,i)),digits=10),"\n") }
N<-function(v) if(is.finite(v)) v else 1e10
go("gamma",function(t) N(-sum(dgamma(x,t[1],t[2],log=TRUE))),c(2,.5))
go("weibull",function(t) N(-sum(dweibull(x,t[1],t[2],log=TRUE))),c(1.5,4))
go("logistic",function(t) N(-sum(dlogis(x,t[1],t[2],log=TRUE))),c(3,1))
go("cauchy",function(t) N(-sum(dcauchy(x,t[1],t[2],log=TRUE))),c(3,1))
go("lognormal",function(t) N(-sum(dlnorm(x,t[1],t[2],log=TRUE))),c(1,1))
go("normal",function(t) N(-sum(dnorm(x,t[1],t[2],log=TRUE))),c(3,2))
go("exponential",function(t) N(-sum(dexp(x,t[1],log=TRUE))),c(.3))
go("poisson",function(t) N(-sum(dpois(round(x),t[1],log=TRUE))),c(3))
