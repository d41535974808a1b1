@echo off
rem Runs fedhds.jar beside this script; JAVA_OPTS holds options of the JVM, such as -Xmx8g.
set JAVA=java
if defined JAVA_HOME set JAVA="%JAVA_HOME%\bin\java"
%JAVA% %JAVA_OPTS% -jar "%~dp0fedhds.jar" %*
