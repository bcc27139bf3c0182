; Inno Setup's recipe for the installer of Windows; archives.py gives Version, Folder, Name and Icon.

[Setup]
AppId=AgeCam
AppName=AgeCam
AppVersion={#Version}
AppPublisher=AgeCam contributors
DefaultDirName={autopf}\AgeCam
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
LicenseFile={#Folder}\LICENSE
OutputBaseFilename={#Name}
SetupIconFile={#Icon}
UninstallDisplayIcon={app}\agecamw.exe
Compression=lzma2
SolidCompression=yes
ChangesAssociations=yes

[Files]
Source: "{#Folder}\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[InstallDelete]
; Libraries of an earlier version.
Type: filesandordirs; Name: "{app}\_internal"

[Icons]
Name: "{autoprograms}\AgeCam"; Filename: "{app}\agecamw.exe"

; 'Open with' lists AgeCam for these files, and does not change what opens them by default.
#define Program "Software\Classes\Applications\agecamw.exe"
#define I
#dim Extensions[16] {".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".heic", ".avif", ".jxl"}
#sub Supported
Root: HKA; Subkey: "{#Program}\SupportedTypes"; ValueType: string; ValueName: "{#Extensions[I]}"; ValueData: ""
#endsub

[Registry]
Root: HKA; Subkey: "{#Program}"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "AgeCam"; Flags: uninsdeletekey
Root: HKA; Subkey: "{#Program}\shell\open\command"; ValueType: string; ValueData: """{app}\agecamw.exe"" ""%1"""
#for {I = 0; I < DimOf(Extensions); I++} Supported
